//===- TensorMaps.h - parameters that are tensor maps -----------*- C++ -*-===//

#ifndef GDPA_LIB_TARGET_LAUNCHDESCRIPTION_TENSORMAPS_H
#define GDPA_LIB_TARGET_LAUNCHDESCRIPTION_TENSORMAPS_H

#include "gdpa/Target/LaunchDescription.h"

namespace mlir::gdpa {

/// Appends the tensor maps that `function`, the code of `kernel`, lists in
/// `gdpa_nv.tensor_maps` to the kernel's parameters.
LogicalResult describeTensorMaps(Operation *function,
                                 LaunchDescription::Kernel &kernel);

} // namespace mlir::gdpa

#endif // GDPA_LIB_TARGET_LAUNCHDESCRIPTION_TENSORMAPS_H
