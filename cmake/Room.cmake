# dind_room(NAME [SOURCES...] [ROOMS rooms it may include] [DEPS libraries] [PCH asio|json|asio_json])
# One static target a room; ROOMS follows the table of docs/architecture.md, which tests/structure checks in the sources.

set(DIND_PCH_DIR "${CMAKE_SOURCE_DIR}/cmake/pch")

function(dind_room NAME)
  cmake_parse_arguments(R "" "PCH" "SOURCES;ROOMS;DEPS" ${ARGN})
  add_library(dind_${NAME} STATIC ${R_SOURCES})
  target_include_directories(dind_${NAME} PUBLIC
    "$<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>" "$<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/server>" "$<INSTALL_INTERFACE:include>")
  set_property(GLOBAL APPEND PROPERTY DIND_ROOMS dind_${NAME})
  foreach(ROOM IN LISTS R_ROOMS)
    target_link_libraries(dind_${NAME} PUBLIC dind_${ROOM})
  endforeach()
  target_link_libraries(dind_${NAME} PUBLIC ${R_DEPS})
  if(R_PCH)
    target_precompile_headers(dind_${NAME} PRIVATE "${DIND_PCH_DIR}/${R_PCH}.hpp")
  endif()
endfunction()
