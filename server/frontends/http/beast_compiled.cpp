// The part of Beast that is no template, once, instead of in every file that includes it
// (BOOST_BEAST_SEPARATE_COMPILATION).
#include <boost/beast/src.hpp>
