# dind_room(NAME [SOURCES...] [ROOMS rooms it may include] [DEPS libraries])
# One static target a room; ROOMS follows the table of docs/architecture.md, which tests/structure checks in the sources.

# What most files include is compiled once, for all rooms that use Boost or JSON.
set(DIND_PRECOMPILED "${CMAKE_SOURCE_DIR}/cmake/pch/asio_json.hpp")
add_library(dind_precompiled STATIC "${CMAKE_SOURCE_DIR}/cmake/pch/precompiled.cpp")
target_link_libraries(dind_precompiled PRIVATE dind_dep_boost dind_dep_json)
target_precompile_headers(dind_precompiled PRIVATE "${DIND_PRECOMPILED}")

function(dind_room NAME)
  cmake_parse_arguments(R "" "" "SOURCES;ROOMS;DEPS" ${ARGN})
  add_library(dind_${NAME} STATIC ${R_SOURCES})
  target_include_directories(dind_${NAME} PUBLIC
    "$<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>" "$<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/server>" "$<INSTALL_INTERFACE:include>")
  set_property(GLOBAL APPEND PROPERTY DIND_ROOMS dind_${NAME})
  foreach(ROOM IN LISTS R_ROOMS)
    target_link_libraries(dind_${NAME} PUBLIC dind_${ROOM})
  endforeach()
  target_link_libraries(dind_${NAME} PUBLIC ${R_DEPS})
  if(R_DEPS MATCHES "dind_dep_(boost|json)")
    target_precompile_headers(dind_${NAME} REUSE_FROM dind_precompiled)
  endif()
endfunction()
