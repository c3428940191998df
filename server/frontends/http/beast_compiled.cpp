// Compiles the part of Beast that is not a template once, instead of in each file that
// includes it (BOOST_BEAST_SEPARATE_COMPILATION).
#include <boost/beast/src.hpp>
