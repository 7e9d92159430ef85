# Debian packages (`make package`): gdpa-runtime (no LLVM), gdpa (compiler, plugin, tools), gdpa-dev. Which libraries they depend on is
# read from their binaries by dpkg-shlibdeps.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME gdpa)
set(CPACK_PACKAGE_VENDOR GDPA)
set(CPACK_PACKAGE_CONTACT "GDPA <gdpa@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "compiler for generalized dot-product attention")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL runtime compiler development)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "Loads and runs compiled attention kernels. Needs neither LLVM nor CUDA.")
set(CPACK_COMPONENT_COMPILER_DESCRIPTION "MLIR dialects, passes and tools, and a plugin for mlir-opt-22.")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "Headers and CMake package of GDPA.")

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Where the packages' own libraries are found when their dependencies are computed.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME gdpa-runtime)
set(CPACK_DEBIAN_COMPILER_PACKAGE_NAME gdpa)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME gdpa-dev)
set(exactly "(= ${PROJECT_VERSION})")
# gdpa-compile links kernels with a linker that it looks for.
# dpkg-shlibdeps leaves out the library that only shared symbols of MLIR need.
set(CPACK_DEBIAN_COMPILER_PACKAGE_DEPENDS "gdpa-runtime ${exactly}, libllvm22, lld-22 | binutils")
set(CPACK_DEBIAN_COMPILER_PACKAGE_SUGGESTS "mlir-22-tools")
set(CPACK_DEBIAN_COMPILER_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "gdpa ${exactly}, libmlir-22-dev, llvm-22-dev")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
include(CPack)
