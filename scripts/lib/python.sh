# The Python client's type checker and linter, and generators of types and HTTP clients, from PyPI in venvs of their own. Source it; it runs nothing.
# shellcheck shell=bash

MYPY_VERSION=1.13.0
RUFF_VERSION=0.8.4
PYTHON_TOOLS=$STATE/python-tools     # PYTHON_TOOLS/bin/mypy, PYTHON_TOOLS/bin/ruff

python_tools_key() { hash_of "$MYPY_VERSION" "$RUFF_VERSION" "$(python3 --version)"; }
python_tools_ready() {
  stamped python-tools "$(python_tools_key)" && "$PYTHON_TOOLS/bin/mypy" --version >/dev/null 2>&1 && [[ -x $PYTHON_TOOLS/bin/ruff ]]
}

install_python_tools() {
  rm -rf "$PYTHON_TOOLS" "$STAMPS/python-tools"
  python3 -m venv "$PYTHON_TOOLS"
  "$PYTHON_TOOLS/bin/pip" install --disable-pip-version-check "mypy==$MYPY_VERSION" "ruff==$RUFF_VERSION"
  stamp python-tools "$(python_tools_key)"
}

OPENAPI_CLIENT_VERSION=0.29.1
OPENAPI_TOOLS=$STATE/openapi-tools   # OPENAPI_TOOLS/bin/openapi-python-client; bin/mypy sees the packages that generated clients import

openapi_tools_key() { hash_of "$OPENAPI_CLIENT_VERSION" "$MYPY_VERSION" "$RUFF_VERSION" "$(python3 --version)"; }
openapi_tools_ready() { stamped openapi-tools "$(openapi_tools_key)" && [[ -x $OPENAPI_TOOLS/bin/openapi-python-client ]]; }

install_openapi_tools() {
  rm -rf "$OPENAPI_TOOLS" "$STAMPS/openapi-tools"
  python3 -m venv "$OPENAPI_TOOLS"
  "$OPENAPI_TOOLS/bin/pip" install --disable-pip-version-check "openapi-python-client==$OPENAPI_CLIENT_VERSION" \
    "mypy==$MYPY_VERSION" "ruff==$RUFF_VERSION" types-python-dateutil
  stamp openapi-tools "$(openapi_tools_key)"
}

TYPES_GENERATOR_VERSION=0.43.1       # the last one that writes types for Python 3.9
TYPES_TOOLS=$STATE/types-tools       # TYPES_TOOLS/bin/datamodel-codegen, for scripts/generate

types_tools_key() { hash_of "$TYPES_GENERATOR_VERSION" "$RUFF_VERSION" "$(python3 --version)"; }
types_tools_ready() { stamped types-tools "$(types_tools_key)" && [[ -x $TYPES_TOOLS/bin/datamodel-codegen ]]; }

install_types_tools() {
  rm -rf "$TYPES_TOOLS" "$STAMPS/types-tools"
  python3 -m venv "$TYPES_TOOLS"
  "$TYPES_TOOLS/bin/pip" install --disable-pip-version-check "datamodel-code-generator==$TYPES_GENERATOR_VERSION" "ruff==$RUFF_VERSION"
  stamp types-tools "$(types_tools_key)"
}
