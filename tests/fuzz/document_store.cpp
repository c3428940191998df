// Documents with changes of any range: the text stays UTF-8 and equals that of a simple model with the same changes.
#include "frontends/lsp/document_store.hpp"

#include "fuzz.hpp"
#include "support/text/utf8_stream.hpp"

using namespace dind;
using namespace dind::frontends::lsp;

namespace {

std::string utf8(std::string_view bytes) {
  dind::Utf8Stream stream;
  auto text = stream.add(bytes);
  return text += stream.finish();
}

// Finds the offset in an independent way: counts every valid position from the start.
std::size_t model_offset(std::string_view text, Position wanted, PositionEncoding encoding) {
  std::int64_t line = 0, character = 0;
  wanted.line = std::max<std::int64_t>(wanted.line, 0);
  std::size_t at = 0;
  while (at < text.size()) {
    if (wanted.line < line || (wanted.line <= line && wanted.character <= character)) return at;
    const char c = text[at];
    if (c == '\n' || c == '\r') {
      if (wanted.line <= line) return at;  // past the end of the line
      if (c == '\r' && at + 1 < text.size() && text[at + 1] == '\n') ++at;
      ++at;
      ++line;
      character = 0;
      continue;
    }
    const auto lead = static_cast<unsigned char>(c);
    const int bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const int units = encoding == PositionEncoding::utf8 ? bytes : bytes == 4 ? 2 : 1;
    if (wanted.line <= line && wanted.character < character + units) return at;  // inside a character
    at += static_cast<std::size_t>(bytes);
    character += units;
  }
  return at;
}

std::int64_t number(FuzzedDataProvider& input) {
  return input.ConsumeIntegralInRange(0, 7) == 0 ? input.ConsumeIntegral<std::int64_t>()
                                                 : input.ConsumeIntegralInRange<std::int64_t>(-2, 40);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  const auto encoding = input.ConsumeBool() ? PositionEncoding::utf8 : PositionEncoding::utf16;
  DocumentStore store;
  store.set_encoding(encoding);
  std::string model = utf8(input.ConsumeRandomLengthString());
  store.open("file:///a.py", {"python", model});
  while (input.remaining_bytes() > 0) {
    const Position from{number(input), number(input)}, to{number(input), number(input)};
    const auto text = utf8(input.ConsumeRandomLengthString(64));
    switch (input.ConsumeIntegralInRange(0, 9)) {
      case 0:
        store.change("file:///a.py", std::nullopt, std::nullopt, text);
        model = text;
        break;
      case 1:
        store.change("file:///other.py", from, to, text);
        fuzz::require(store.find("file:///other.py") == nullptr, "a change opens no document");
        break;
      default: {
        store.change("file:///%61.py", from, to, text);
        const auto begin = model_offset(model, from, encoding);
        model.replace(begin, std::max(begin, model_offset(model, to, encoding)) - begin, text);
      }
    }
    const auto* document = store.find("file://localhost/a.py");
    fuzz::require(document != nullptr && document->text == model, "the text equals the model");
    fuzz::require(fuzz::is_utf8(document->text), "the text is UTF-8");
  }
  // JSON can't contain text that is not UTF-8. Such text must still give a valid offset.
  const std::string raw(reinterpret_cast<const char*>(data), size);
  for (const Position at : {Position{1, 1}, Position{0, INT64_MAX}, Position{INT64_MAX, 0}, Position{INT64_MIN, 7}})
    fuzz::require(offset_of(raw, at, encoding) <= raw.size(), "an offset does not exceed the size");
  return 0;
}
