// Allocates the index of SQLite's write-ahead log (PATH-shm) on file systems with small blocks. Private to the
// history's store.
#pragma once

struct sqlite3;

namespace dind::sqlite {

// SQLite allocates one byte in each 4 KiB of PATH-shm and maps the file. Where blocks are smaller, a page of the
// mapping has holes. When the disk is full, a write into a hole ends the process with SIGBUS. After this call, every
// new part of the file is allocated as a whole, or SQLITE_FULL is the error of the statement that needs it. Call it
// before the first statement. (https://www.sqlite.org/walformat.html, section 2; posix_fallocate(3))
void allocate_shared_memory(sqlite3* handle);

}  // namespace dind::sqlite
