// Where what the suites install is kept between runs: nothing in it is needed to be there.

import { homedir } from 'node:os'
import { join } from 'node:path'

export function cacheDir(): string {
  return process.env['MILENA_CACHE'] ?? join(homedir(), '.cache', 'milena')
}
