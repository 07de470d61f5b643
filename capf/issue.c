#include "capf/issue.h"
