# dind_module(NAME [SOURCES...] [MODULES modules it may include] [DEPS libraries])
# One static target for each module; MODULES follows the table of docs/architecture.md, which tests/structure checks in the sources.

# What most files include is compiled once, for all modules that use Boost or JSON.
set(DIND_PRECOMPILED "${CMAKE_SOURCE_DIR}/cmake/pch/asio_json.hpp")
add_library(dind_precompiled STATIC "${CMAKE_SOURCE_DIR}/cmake/pch/precompiled.cpp")
target_link_libraries(dind_precompiled PRIVATE dind_dep_boost dind_dep_json)
target_precompile_headers(dind_precompiled PRIVATE "${DIND_PRECOMPILED}")

function(dind_module NAME)
  cmake_parse_arguments(M "" "" "SOURCES;MODULES;DEPS" ${ARGN})
  add_library(dind_${NAME} STATIC ${M_SOURCES})
  target_include_directories(dind_${NAME} PUBLIC
    "$<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>" "$<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/server>" "$<INSTALL_INTERFACE:include>")
  set_property(GLOBAL APPEND PROPERTY DIND_MODULES dind_${NAME})
  foreach(MODULE IN LISTS M_MODULES)
    target_link_libraries(dind_${NAME} PUBLIC dind_${MODULE})
  endforeach()
  target_link_libraries(dind_${NAME} PUBLIC ${M_DEPS})
  if(M_DEPS MATCHES "dind_dep_(boost|json)")
    target_precompile_headers(dind_${NAME} REUSE_FROM dind_precompiled)
  endif()
endfunction()
