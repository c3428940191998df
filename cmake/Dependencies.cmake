# Finds the libraries and names them dind_dep_*, whether they are Debian's shared ones or the static ones of the release.
#
# DIND_STATIC links everything statically, libc included, so that the program starts on a Linux machine that has none of
# our libraries. Debian's static libcurl and libarchive pull in dozens of others; `scripts/setup` builds minimal ones
# from Debian's source packages into DIND_STATIC_PREFIX.

option(DIND_STATIC "Link the program fully statically" OFF)
set(DIND_STATIC_PREFIX "" CACHE PATH "Where the minimal static libcurl and libarchive are (lib/*.a, include/)")

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)

add_library(dind_dep_boost INTERFACE)
find_package(Boost 1.81 REQUIRED)
target_link_libraries(dind_dep_boost INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(dind_dep_boost INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE BOOST_ASIO_HAS_STD_INVOKE_RESULT
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)  # server/support/async/asio_compiled.cpp, server/frontends/http/beast_compiled.cpp

add_library(dind_dep_ssl INTERFACE)
add_library(dind_dep_curl INTERFACE)
add_library(dind_dep_archive INTERFACE)
add_library(dind_dep_spdlog INTERFACE)
add_library(dind_dep_sqlite INTERFACE)
add_library(dind_dep_json INTERFACE)
target_link_libraries(dind_dep_json INTERFACE nlohmann_json::nlohmann_json)

if(DIND_STATIC)
  if(NOT EXISTS "${DIND_STATIC_PREFIX}/lib/libcurl.a")
    message(FATAL_ERROR "DIND_STATIC needs ${DIND_STATIC_PREFIX}/lib/libcurl.a: run scripts/setup, which builds it, and scripts/build release")
  endif()
  find_library(SSL_A libssl.a REQUIRED)
  find_library(CRYPTO_A libcrypto.a REQUIRED)
  find_library(Z_A libz.a REQUIRED)
  find_library(SQLITE_A libsqlite3.a REQUIRED)
  target_link_libraries(dind_dep_ssl INTERFACE ${SSL_A} ${CRYPTO_A})
  target_include_directories(dind_dep_curl SYSTEM INTERFACE ${DIND_STATIC_PREFIX}/include)
  target_compile_definitions(dind_dep_curl INTERFACE CURL_STATICLIB)
  target_link_libraries(dind_dep_curl INTERFACE ${DIND_STATIC_PREFIX}/lib/libcurl.a dind_dep_ssl ${Z_A})
  target_include_directories(dind_dep_archive SYSTEM INTERFACE ${DIND_STATIC_PREFIX}/include)
  target_compile_definitions(dind_dep_archive INTERFACE LIBARCHIVE_STATIC)
  target_link_libraries(dind_dep_archive INTERFACE ${DIND_STATIC_PREFIX}/lib/libarchive.a ${Z_A})
  # Debian has neither of them static: their headers only, which one of our source files includes.
  target_compile_definitions(dind_dep_spdlog INTERFACE SPDLOG_HEADER_ONLY SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY)
  target_link_libraries(dind_dep_spdlog INTERFACE Threads::Threads)
  target_link_libraries(dind_dep_sqlite INTERFACE ${SQLITE_A} Threads::Threads)
  add_link_options(-static)
else()
  find_package(OpenSSL 3 REQUIRED)
  find_package(CURL 7.88 REQUIRED)
  find_package(LibArchive 3.6 REQUIRED)
  find_package(spdlog REQUIRED)
  find_package(SQLite3 REQUIRED)
  target_link_libraries(dind_dep_ssl INTERFACE OpenSSL::SSL OpenSSL::Crypto)
  target_link_libraries(dind_dep_curl INTERFACE CURL::libcurl)
  target_link_libraries(dind_dep_archive INTERFACE LibArchive::LibArchive)
  target_link_libraries(dind_dep_spdlog INTERFACE spdlog::spdlog)
  target_link_libraries(dind_dep_sqlite INTERFACE SQLite::SQLite3)
endif()
