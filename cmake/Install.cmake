# What `cmake --install` puts where, in three components: runtime (no LLVM), compiler, development.
include(CMakePackageConfigHelpers)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/GDPA)

# gdpa_install_libraries(COMPONENT EXPORT libraries...): libraries, and the names that the linker follows for who develops.
function(gdpa_install_libraries component export)
  install(TARGETS ${ARGN} EXPORT ${export}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component} NAMELINK_COMPONENT development)
endfunction()

gdpa_install_libraries(runtime GDPARuntimeTargets gdpa_runtime)
gdpa_install_libraries(compiler GDPATargets GDPA GDPA-C)
install(TARGETS gdpa-run RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
install(TARGETS gdpa-compile gdpa-lsp-server gdpa-opt gdpa-reduce RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT compiler)
install(TARGETS GDPAPlugin LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT compiler)

install(DIRECTORY include/gdpa include/gdpa-c include/gdpa-runtime DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
  FILES_MATCHING PATTERN "*.h" PATTERN "*.td")
install(DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/include/gdpa DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
  FILES_MATCHING PATTERN "*.h.inc" PATTERN "CMakeFiles" EXCLUDE)

# find_package(GDPA)
foreach(export GDPARuntimeTargets GDPATargets)
  install(EXPORT ${export} NAMESPACE GDPA:: DESTINATION ${config_dir} COMPONENT development)
endforeach()
configure_package_config_file(cmake/GDPAConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/GDPAConfig.cmake
  INSTALL_DESTINATION ${config_dir} PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
# Before 1.0 a minor release may break what stood before.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/GDPAConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/GDPAConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/GDPAConfigVersion.cmake
  DESTINATION ${config_dir} COMPONENT development)
