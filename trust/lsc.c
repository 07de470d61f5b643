#include "trust/lsc.h"
