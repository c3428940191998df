// Makes sure that descriptors 0, 1 and 2 are open, before anything else opens a file.
#pragma once

namespace dind {

// Opens /dev/null for each of stdin, stdout and stderr that the caller has closed (`command <&-`). Otherwise the next
// file that the process opens would take that number, and output would go into it. Ends the process with 125 where
// /dev/null can't be opened.
void open_standard_descriptors();
// Whether the caller had closed it: what is written to it is lost.
bool was_closed(int descriptor);

// Whoever reads our stdout or writes to our stdin sees their end; stderr stays.
void leave_standard_streams();

}  // namespace dind
