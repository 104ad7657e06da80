// Keys of Milena's own. They begin with `milena.`, so that they never meet one of Kafka's.

import { boolean, int, list, long, string } from '../config-row.ts'
import { startLevelsFault } from '../loggers.ts'

export const milenaConfigs = {
  'milena.flush.on.acks.all': boolean(true, {
    doc: 'Whether acks=all waits until the records are synced to disk; false trusts the page cache, as Kafka does.',
  }),
  'milena.queued.max.answer.bytes': long(268435456, {
    min: 1048576,
    doc: 'Memory for answers that are read from disk or wait for slow clients; a quarter more when it is spent.',
  }),
  'milena.journal.size': int(67_108_864, {
    min: 0,
    doc: 'Bytes in each log directory for the journal, by which small appends with acks=all share one sync; 0: none.',
  }),
  'milena.journal.after.syncs': int(20, {
    min: 0,
    internal: true,
    doc: 'The journal is begun when as many syncs have been waited for that it could have spared.',
  }),
  'milena.journal.beside.size': int(16_384, {
    min: 0,
    internal: true,
    doc: 'From so many bytes on, what waits for the journal is synced beside the record under way: by default a batch.',
  }),
  'milena.http.listeners': list(null, {
    doc: 'Where /metrics, /healthz and /readyz are served, as http://127.0.0.1:9644; nowhere by default.',
  }),
  'milena.log.levels': list('', {
    check: startLevelsFault,
    doc: 'Levels of loggers from the start, as root:WARN,kafka.request.logger:DEBUG; the others inherit.',
  }),
  'milena.log.format': string('text', {
    values: ['text', 'json'],
    doc: 'How the command writes its log: readable lines, or a JSON object a line.',
  }),
}
