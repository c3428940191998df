// File descriptors of this process: how many it may have, and the message when it has no more.
#pragma once

#include <cstddef>
#include <string>

namespace dind {

// Raises the soft limit to the hard limit, but not above 65,536. Call it once, before anything is opened.
void raise_descriptor_limit();
std::size_t descriptor_limit();

// How many objects of one kind, `each` with so many descriptors, can exist: half of the limit without 24 descriptors,
// divided by `each`. At least 1 and at most `max`. The other half is for objects of other kinds. The 24 are for the
// log, the history, pipes and the like.
std::size_t descriptors_for(std::size_t max, std::size_t each);

// Whether this error (EMFILE, ENFILE) means that no descriptors are left.
bool no_descriptors_left(int error);
// Whether no descriptors are left now. For libraries that do not say why they could not open one.
bool no_descriptors_left();
// Whether fewer than `wanted` more can be opened now. For libraries that open several, and close them when one fails.
bool lacks_descriptors(int wanted);
// The cause and the remedy, one sentence each.
std::string descriptor_shortage();

}  // namespace dind
