// Keys of Milena's own. They begin with `milena.`, so that they never meet one of Kafka's.

import { boolean, long } from '../config-row.ts'

export const milenaConfigs = {
  'milena.flush.on.acks.all': boolean(true, {
    doc: 'Whether acks=all waits until the records are synced to disk; false trusts the page cache, as Kafka does.',
  }),
  'milena.queued.max.answer.bytes': long(268435456, {
    min: 1048576,
    doc: 'Memory for answers that are read from disk or wait for slow clients; a quarter more when it is spent.',
  }),
}
