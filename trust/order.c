#include "trust/order.h"
