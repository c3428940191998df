// Compiles the parts of Asio that are not templates once, and not in every file that includes Asio
// (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/impl/src.hpp>
