//===- CpuFeatures.cpp - What the processor can do ------------------------===//
//
// The compiler's builtin asks cpuid, and whether the system saves the
// registers.
//
//===----------------------------------------------------------------------===//

#include "CpuFeatures.h"

using namespace gdpa::runtime;

namespace {
struct Feature {
  const char *name;
  bool present;
};
} // namespace

Status
gdpa::runtime::checkCpuFeatures(const std::vector<std::string> &features) {
#if defined(__x86_64__)
#define GDPA_FEATURE(name) {name, __builtin_cpu_supports(name) != 0}
  const Feature known[] = {
      GDPA_FEATURE("sse4.2"),      GDPA_FEATURE("avx"),
      GDPA_FEATURE("f16c"),        GDPA_FEATURE("avx2"),
      GDPA_FEATURE("fma"),         GDPA_FEATURE("bmi2"),
      GDPA_FEATURE("avx512f"),     GDPA_FEATURE("avx512bw"),
      GDPA_FEATURE("avx512cd"),    GDPA_FEATURE("avx512dq"),
      GDPA_FEATURE("avx512vl"),    GDPA_FEATURE("avx512vbmi"),
      GDPA_FEATURE("avx512vbmi2"), GDPA_FEATURE("avx512bf16"),
      GDPA_FEATURE("avx512fp16"),  GDPA_FEATURE("avx512vnni")};
#undef GDPA_FEATURE
#else
  const Feature known[] = {{"", true}};
#endif
  for (const std::string &name : features) {
    const Feature *found = nullptr;
    for (const Feature &feature : known)
      if (name == feature.name)
        found = &feature;
    if (!found)
      return formatError("unknown processor feature '" + name + "'");
    if (!found->present)
      return {GDPA_NO_DEVICE,
              "expected a processor with '" + name + "', this one lacks it"};
  }
  return {};
}
