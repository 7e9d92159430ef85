//===- Print.cpp - the JSON text of a launch description ------------------===//

#include "gdpa/Target/LaunchDescription.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"

using namespace mlir;
using namespace mlir::gdpa;
namespace json = llvm::json;

static void print(json::OStream &out,
                  const LaunchDescription::Argument &argument) {
  out.object([&] {
    out.attribute("name", argument.name);
    out.attribute("type", argument.type);
    out.attributeArray("shape", [&] {
      for (const json::Value &size : argument.shape)
        out.value(size);
    });
    out.attribute("access", argument.isWritten ? "write" : "read");
    if (!argument.role.empty())
      out.attribute("role", argument.role);
    if (argument.strideMultipleBytes > 0)
      out.attribute("stride_multiple_bytes", argument.strideMultipleBytes);
    if (argument.anyLastStride)
      out.attribute("last_stride", "any");
  });
}

static void print(json::OStream &out, const LaunchDescription::Kernel &kernel) {
  auto numbers = [&](StringRef name, ArrayRef<int64_t> values) {
    out.attributeArray(name, [&] {
      for (int64_t value : values)
        out.value(value);
    });
  };
  out.object([&] {
    out.attribute("symbol", kernel.symbol);
    out.attributeArray("grid", [&] {
      for (const json::Value &size : kernel.grid)
        out.value(size);
    });
    numbers("block", kernel.block);
    numbers("cluster", kernel.cluster);
    out.attribute("shared_bytes", kernel.sharedBytes);
    out.attributeArray("params", [&] {
      for (const json::Value &parameter : kernel.parameters)
        out.value(parameter);
    });
  });
}

static void print(json::OStream &out, const LaunchDescription::Entry &entry) {
  out.attributeObject(entry.kind, [&] {
    if (!entry.symbol.empty())
      out.attribute("symbol", entry.symbol);
    out.attributeArray("arguments", [&] {
      for (const std::string &name : entry.arguments)
        out.value(name);
    });
    out.attributeArray("workspace", [&] {
      for (const LaunchDescription::Workspace &workspace : entry.workspaces)
        out.object([&] {
          out.attribute("name", workspace.name);
          out.attribute("bytes", workspace.bytes);
          out.attribute("init", workspace.isZero ? "zero" : "none");
        });
    });
    if (entry.symbol.empty())
      out.attributeArray("kernels", [&] {
        for (const LaunchDescription::Kernel &kernel : entry.kernels)
          print(out, kernel);
      });
  });
}

void LaunchDescription::print(llvm::raw_ostream &stream, StringRef codeFile,
                              StringRef code) const {
  auto digest = llvm::SHA256::hash(ArrayRef<uint8_t>(
      reinterpret_cast<const uint8_t *>(code.data()), code.size()));
  json::OStream out(stream, /*IndentSize=*/2);
  out.object([&] {
    out.attribute("gdpa_launch", 1);
    out.attribute("target", target);
    out.attributeObject("code", [&] {
      out.attribute("file", codeFile);
      out.attribute("sha256", llvm::toHex(digest, /*LowerCase=*/true));
    });
    out.attributeArray("arguments", [&] {
      for (const Argument &argument : arguments)
        ::print(out, argument);
    });
    out.attributeObject("entries", [&] {
      for (const Entry &entry : entries)
        ::print(out, entry);
    });
    out.attributeObject("symbols", [&] {
      for (const auto &[symbol, place] : symbols)
        out.attribute(symbol, json::Array{place.first, place.second});
    });
    if (!precision.empty())
      out.attribute("precision", precision);
    if (!cpuFeatures.empty())
      out.attributeArray("cpu_features", [&] {
        for (const std::string &feature : cpuFeatures)
          out.value(feature);
      });
    if (!schedule.empty())
      out.attribute("schedule", schedule);
    // Only an assembler knows these.
    if (registers > 0) {
      out.attribute("registers", registers);
      out.attribute("spill_bytes", spillBytes);
    }
  });
  stream << "\n";
}
