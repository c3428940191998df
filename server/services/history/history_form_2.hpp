// The records of form 2 of the history's file, in the form that this program writes. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace dind {

// Each takes the value of a column. A field that is missing in it is missing in the result.
nlohmann::json asked_of_form_2(nlohmann::json old);
nlohmann::json started_of_form_2(nlohmann::json old);
nlohmann::json outcome_of_form_2(nlohmann::json old);

}  // namespace dind
