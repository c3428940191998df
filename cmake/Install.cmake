# cmake --install: the program, and the library as the CMake package "dind" (find_package(dind), target dind::dind).
# The library is the modules as they are, static; only include/dind is public.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

add_library(dind INTERFACE)
target_link_libraries(dind INTERFACE dind_app)
get_property(MODULES GLOBAL PROPERTY DIND_MODULES)
install(TARGETS dind ${MODULES} dind_dep_boost dind_dep_ssl dind_dep_curl dind_dep_archive dind_dep_spdlog dind_dep_sqlite dind_dep_json
  EXPORT dindTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/dind)
install(EXPORT dindTargets NAMESPACE dind:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/dind)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/dind DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS dind-executor RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/dindConfig.cmake.in ${CMAKE_BINARY_DIR}/dindConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/dind)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/dindConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/dindConfig.cmake ${CMAKE_BINARY_DIR}/dindConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/dind)
