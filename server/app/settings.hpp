// The operator's settings: the one list of their keys, values, defaults and meanings.
#pragma once

#include <string>

#include "app/configuration.hpp"
#include "app/setting_readers.hpp"

namespace dind::app::settings {

// `into` must outlive the result. A setting's default is the value that `into` has now.
Settings define_settings(Configuration& into);

// The table of docs/configuration.md, as Markdown: one line for each setting. `dind-executor --settings-table` prints
// it, and scripts/generate puts it into the page.
std::string settings_table();

}  // namespace dind::app::settings
