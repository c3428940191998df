// The labels of what dind-executor creates on an engine.
//
// The reaper and the garbage collection find our objects by them, also those of a process that has died.
#pragma once

namespace dind::sandbox {

inline constexpr const char* kOwnerLabel = "dind-executor.owner";  // the process that created it: process_owner()
inline constexpr const char* kRunLabel = "dind-executor.run";      // run id
inline constexpr const char* kDeadlineLabel =
    "dind-executor.deadline";  // Unix seconds; afterwards the reaper of any process removes it
inline constexpr const char* kCacheLabel = "dind-executor.cache";    // all runs share it: not a leak
inline constexpr const char* kImageLabel = "dind-executor.image";    // of such a volume: the image whose files it has
inline constexpr const char* kUsersLabel = "dind-executor.users";    // of such a volume: its EngineUsers
inline constexpr const char* kFilledLabel = "dind-executor.filled";  // of such a volume: EtcFolder::filled, as lines
inline constexpr const char* kBuiltLabel = "dind-executor.built";    // of an image that was built for a run

}  // namespace dind::sandbox
