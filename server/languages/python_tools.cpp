#include "languages/python_tools.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "languages/recipe.hpp"

namespace dind::languages {

bool is_python_tool(std::string_view program) {
  const auto* recipe = recipe_of_tool(program);
  return recipe != nullptr && recipe->id == "python";
}

std::string python_package(std::string_view module) {
  using Pair = std::pair<std::string_view, std::string_view>;
  constexpr std::array kOthers{Pair{"attr", "attrs"},
                               Pair{"bs4", "beautifulsoup4"},
                               Pair{"Crypto", "pycryptodome"},
                               Pair{"cv2", "opencv-python-headless"},
                               Pair{"dateutil", "python-dateutil"},
                               Pair{"discord", "discord.py"},
                               Pair{"distutils", "setuptools"},
                               Pair{"docx", "python-docx"},
                               Pair{"dotenv", "python-dotenv"},
                               Pair{"fitz", "PyMuPDF"},
                               Pair{"flask_cors", "Flask-Cors"},
                               Pair{"flask_sqlalchemy", "Flask-SQLAlchemy"},
                               Pair{"git", "GitPython"},
                               Pair{"grpc", "grpcio"},
                               Pair{"jose", "python-jose"},
                               Pair{"jwt", "PyJWT"},
                               Pair{"Levenshtein", "python-Levenshtein"},
                               Pair{"magic", "python-magic"},
                               Pair{"markdown", "Markdown"},
                               Pair{"multipart", "python-multipart"},
                               Pair{"mysql", "mysql-connector-python"},
                               Pair{"MySQLdb", "mysqlclient"},
                               Pair{"nacl", "PyNaCl"},
                               Pair{"OpenSSL", "pyOpenSSL"},
                               Pair{"PIL", "pillow"},
                               Pair{"pkg_resources", "setuptools"},
                               Pair{"pptx", "python-pptx"},
                               Pair{"psycopg2", "psycopg2-binary"},
                               Pair{"pymysql", "PyMySQL"},
                               Pair{"rest_framework", "djangorestframework"},
                               Pair{"serial", "pyserial"},
                               Pair{"skimage", "scikit-image"},
                               Pair{"sklearn", "scikit-learn"},
                               Pair{"slugify", "python-slugify"},
                               Pair{"socks", "PySocks"},
                               Pair{"telegram", "python-telegram-bot"},
                               Pair{"usb", "pyusb"},
                               Pair{"websocket", "websocket-client"},
                               Pair{"yaml", "PyYAML"},
                               Pair{"zmq", "pyzmq"}};
  const auto found = std::ranges::find(kOthers, module, &Pair::first);
  return std::string(found == kOthers.end() ? module : found->second);
}

}  // namespace dind::languages
