// Keys of Milena's own. They begin with `milena.`, so that they never meet one of Kafka's.

import { boolean } from '../config-row.ts'

export const milenaConfigs = {
  'milena.flush.on.acks.all': boolean(true, {
    doc: 'Whether acks=all waits until the records are synced to disk; false trusts the page cache, as Kafka does.',
  }),
}
