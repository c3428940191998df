// Brings a history's file of an older form to the form that this program writes.
#pragma once

#include <sqlite3.h>

#include <cstdint>

namespace dind {

inline constexpr int kHistoryForm = 3;  // PRAGMA user_version of the files that this program writes

// The form of a file. 0: it has no tables yet. Throws sqlite::Failure.
std::int64_t history_form(sqlite3* handle);

// Changes all runs of the file in one transaction, if its form is older, and nothing else. Several processes may call
// it at once. Throws sqlite::Failure.
void migrate_history(sqlite3* handle);

}  // namespace dind
