"""Utilities of the backend; other folders on the path may add to them."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
