#include "services/dockerfile.hpp"

#include <catch2/catch_test_macros.hpp>

using dind::base_images;

TEST_CASE("A Dockerfile's base images are those that its FROM lines name") {
  struct Case {
    const char* text;
    std::vector<std::string> images;
  };
  const Case cases[] = {
      {"FROM a:1\nRUN x", {"a:1"}},
      {"# FROM no\nfrom a\n", {"a"}},
      {"FROM --platform=linux/amd64 a AS build\nFROM build\nFROM b\nFROM b", {"a", "b"}},
      {"FROM scratch", {}},
      {"ARG V=3.11\nFROM python:${V}-slim", {"python:3.11-slim"}},
      {"ARG V='3.11'\nARG N=python:$V\nFROM $N", {"python:3.11"}},
      {"FROM python:${V:-3.12}", {"python:3.12"}},
      {"FROM $UNKNOWN\nFROM b", {"b"}},
      {"FROM a\nARG B=c\nFROM $B", {"a"}},  // an ARG within a stage is that stage's
      {"FROM \\\n# comment\n  a\r\n", {"a"}},
      {"RUN echo FROM b", {}},
      {"FROM", {}},
      {"FROM ${x", {}},
      {"FROM ${x:-}", {}},
      {"", {}},
  };
  for (const auto& each : cases) {
    INFO(each.text);
    CHECK(base_images(each.text) == each.images);
  }
}
