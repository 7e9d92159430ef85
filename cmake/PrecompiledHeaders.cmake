# One precompiled header of upstream's headers for every library: a file that includes them compiles in half the time.
# It holds nothing of this project, so its directory can be shared by checkouts (GDPA_PCH_DIR) and ccache's hits stay.

option(GDPA_PRECOMPILED_HEADERS "Precompile upstream's headers (clang only)" ON)
set(GDPA_PCH_DIR ${CMAKE_BINARY_DIR}/pch CACHE PATH "Where the precompiled header lies")

set(GDPA_PCH_OPTIONS)
add_custom_target(gdpa-pch)
if(GDPA_PRECOMPILED_HEADERS AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  string(TOUPPER "${CMAKE_BUILD_TYPE}" config)
  separate_arguments(flags NATIVE_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${config}}")
  get_directory_property(options COMPILE_OPTIONS)
  get_directory_property(definitions COMPILE_DEFINITIONS)
  list(TRANSFORM definitions PREPEND -D)
  set(includes)
  foreach(dir ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
    list(APPEND includes -isystem ${dir})
  endforeach()
  set(header ${CMAKE_CURRENT_SOURCE_DIR}/cmake/UpstreamHeaders.h)
  string(SHA1 key "${flags};${options};${definitions};${CMAKE_CXX_COMPILER_VERSION}")
  file(SHA1 ${header} content)
  string(SUBSTRING "${key}${content}" 0 8 short)
  string(SUBSTRING "${content}" 0 8 shortContent)
  set(GDPA_PCH ${GDPA_PCH_DIR}/upstream-${short}-${shortContent}.pch)
  # The header is copied beside its result: its path is part of it.
  file(MAKE_DIRECTORY ${GDPA_PCH_DIR})
  configure_file(${header} ${GDPA_PCH_DIR}/UpstreamHeaders-${shortContent}.h COPYONLY)
  add_custom_command(OUTPUT ${GDPA_PCH}
    COMMAND ${CMAKE_CXX_COMPILER} ${flags} ${options} ${definitions} ${includes} -std=gnu++17 -fPIC -x c++-header
            ${GDPA_PCH_DIR}/UpstreamHeaders-${shortContent}.h -Xclang -fno-pch-timestamp -o ${GDPA_PCH}.tmp
    COMMAND ${CMAKE_COMMAND} -E rename ${GDPA_PCH}.tmp ${GDPA_PCH}
    COMMENT "Precompiling upstream's headers" VERBATIM)
  add_custom_target(gdpa-pch-file DEPENDS ${GDPA_PCH})
  add_dependencies(gdpa-pch gdpa-pch-file)
  set(GDPA_PCH_OPTIONS -include-pch ${GDPA_PCH} -Xclang -fno-pch-timestamp)
endif()
