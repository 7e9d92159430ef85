//===- Report.cpp - What gdpa-run prints ----------------------------------===//
//
// JSON has no infinity: an infinite error is the string "inf".
//
//===----------------------------------------------------------------------===//

#include "Report.h"

#include <cmath>
#include <nlohmann/json.hpp>

using namespace gdpa::run;

using Json = nlohmann::ordered_json;

static Json formatError(const std::optional<double> &error) {
  if (!error)
    return nullptr;
  if (std::isinf(*error))
    return "inf";
  return *error;
}

std::string gdpa::run::formatResult(const Result &result, int64_t repeats,
                                    const CheckedResult *checked) {
  Json line;
  line["result"] = result.name;
  line["entry"] = result.entry;
  line["type"] = gdpa_dtype_name(result.tensor.type());
  line["shape"] = result.tensor.shape();
  line["workspace_bytes"] = result.workspaceBytes;
  if (checked) {
    line["error"] = formatError(checked->comparison.error);
    line["tolerance"] = checked->tolerance;
    line["left_out"] = checked->comparison.leftOut;
  }
  if (repeats > 1) {
    line["repeats"] = repeats;
    line["identical"] = result.identical;
  }
  if (result.timing) {
    Json timing;
    timing["median"] = result.timing->median;
    timing["min"] = result.timing->minimum;
    timing["max"] = result.timing->maximum;
    timing["runs"] = result.timing->runs;
    line["time_ms"] = timing;
  }
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}
