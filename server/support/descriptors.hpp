// File descriptors of this process: how many there are, and what to say when there are no more.
#pragma once

#include <cstddef>
#include <string>

namespace dind {

// The soft limit becomes the hard one, or 65,536 where that is lower. Once, before anything is opened.
void raise_descriptor_limit();
std::size_t descriptor_limit();

// How many of something that takes `each` descriptors a share of a half of them is enough for: at least 1, at most
// `most`. The other half belongs to others of its kind; 24 are for the log, the history, pipes and the like.
std::size_t descriptors_for(std::size_t most, std::size_t each);

// Whether this error (EMFILE, ENFILE) says that there are no more.
bool no_descriptors_left(int error);
// Whether there are no more now, where a library does not say why it could not open one.
bool no_descriptors_left();
// The cause and the remedy, one sentence each.
std::string descriptor_shortage();

}  // namespace dind
