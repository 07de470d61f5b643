#include "capf/proof.h"
