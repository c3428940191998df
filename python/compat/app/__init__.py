"""A backend's `app`, as far as it is ours: `app.utils.dind_executor`. Other folders on the path may add to it."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
