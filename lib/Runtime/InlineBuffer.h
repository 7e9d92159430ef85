//===- InlineBuffer.h - Short arrays without allocation ---------*- C++ -*-===//
//
// What a launch needs for a moment: values of symbols, parameters, offsets.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_INLINEBUFFER_H
#define GDPA_LIB_RUNTIME_INLINEBUFFER_H

#include <cstddef>
#include <memory>

namespace gdpa::runtime {

/// An array whose length is set once it is known. Up to `inlineSize` elements
/// live in the object itself: memory is allocated for longer ones only.
template <typename T, size_t inlineSize> class InlineBuffer {
public:
  InlineBuffer() = default;
  explicit InlineBuffer(size_t count) { reset(count); }
  InlineBuffer(const InlineBuffer &) = delete;
  InlineBuffer &operator=(const InlineBuffer &) = delete;

  /// Makes it `newCount` elements long; their values are unspecified.
  void reset(size_t newCount) {
    count = newCount;
    if (count > inlineSize)
      allocated = std::make_unique<T[]>(count);
    else
      allocated.reset();
  }

  size_t size() const { return count; }
  T *begin() { return allocated ? allocated.get() : elements; }
  const T *begin() const { return allocated ? allocated.get() : elements; }
  T *end() { return begin() + count; }
  const T *end() const { return begin() + count; }
  T &operator[](size_t index) { return begin()[index]; }
  const T &operator[](size_t index) const { return begin()[index]; }

private:
  size_t count = 0;
  std::unique_ptr<T[]> allocated;
  T elements[inlineSize];
};

} // namespace gdpa::runtime

#endif // GDPA_LIB_RUNTIME_INLINEBUFFER_H
