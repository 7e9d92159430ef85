//===- DescriptionReader.h - Parts of a launch description ------*- C++ -*-===//
//
// Shared by DescriptionReader.cpp and KernelReader.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_DESCRIPTIONREADER_H
#define GDPA_LIB_RUNTIME_DESCRIPTIONREADER_H

#include "Description.h"
#include "JsonReader.h"

namespace gdpa::runtime {

/// The number of the argument whose name the value is.
int32_t readArgumentName(const JsonReader &json,
                         const Description &description);

/// Reads EXPR; the description's symbols are known.
void readExpression(const JsonReader &json, const Description &description,
                    Expression &expression);

/// Reads "kernels" of an entry; its arguments and workspaces are known. Marks
/// the arguments that are passed by value.
void readKernels(const JsonReader &json, Description &description,
                 Entry &entry);

/// A scalar passed by value lives on the host, one passed by address on the
/// device: checks that no argument is passed both ways.
void checkPassingModes(const JsonReader &json, const Description &description);

} // namespace gdpa::runtime

#endif // GDPA_LIB_RUNTIME_DESCRIPTIONREADER_H
