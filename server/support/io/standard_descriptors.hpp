// Makes sure that descriptors 0, 1 and 2 are open before the process opens a file.
#pragma once

namespace dind {

// Opens /dev/null for each of stdin, stdout and stderr that the caller has closed (`command <&-`). Otherwise the next
// opened file gets that number, and output goes into this file. Ends the process with exit code 125 if /dev/null cannot
// be opened.
void open_standard_descriptors();
// Whether the caller had closed it: what is written to it is lost.
bool was_closed(int descriptor);

// Replaces stdin and stdout with /dev/null, so that their other ends see the end. stderr stays.
void leave_standard_streams();

}  // namespace dind
