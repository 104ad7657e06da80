#!/usr/bin/env node
// The command `milena`, as what is published names it. From source it starts slower than milena.mjs, which is why `npm
// start` runs that one.

import './milena.mjs'
