// Kafka's server properties: listeners, connections, requests.
// A row with `doc` acts in Milena; the others are accepted, shown, and named in a warning when set.

import { int, list, long, string } from '../config-row.ts'

export const networkConfigs = {
  'advertised.listeners': list(null, { doc: 'Addresses told to clients, when they differ from listeners.' }),
  'background.threads': int(10, { min: 1, dynamic: 'cluster' }),
  'connections.max.idle.ms': long(600_000, { doc: 'Silence after which a connection is closed.' }),
  'fetch.max.bytes': int(57_671_680, { min: 1024, doc: 'Largest answer to a Fetch request.' }),
  'fetch.purgatory.purge.interval.requests': int(1000),
  'inter.broker.listener.name': string(null),
  listeners: list('PLAINTEXT://:9092', {
    dynamic: 'broker',
    doc: 'Addresses on which clients are served: NAME://HOST:PORT, separated by commas.',
  }),
  'max.connection.creation.rate': int(2_147_483_647, {
    min: 0,
    dynamic: 'cluster',
    doc: 'Connections accepted a second; those beyond wait.',
  }),
  'max.connections': int(2_147_483_647, { min: 0, dynamic: 'cluster', doc: 'Connections accepted at one time.' }),
  'max.connections.per.ip': int(2_147_483_647, {
    min: 0,
    dynamic: 'cluster',
    doc: 'Connections accepted at one time from one address.',
  }),
  'max.connections.per.ip.overrides': string('', {
    dynamic: 'cluster',
    doc: 'Limits for single addresses: HOST:COUNT, separated by commas.',
  }),
  'max.incremental.fetch.session.cache.slots': int(1000, { min: 0, doc: 'Fetch sessions kept at one time.' }),
  'max.request.partition.size.limit': int(2000, {
    min: 1,
    doc: 'Partitions in one answer to DescribeTopicPartitions.',
  }),
  'num.io.threads': int(8, { min: 1, dynamic: 'cluster' }),
  'num.network.threads': int(3, { min: 1, dynamic: 'cluster' }),
  'num.replica.alter.log.dirs.threads': int(null),
  'queued.max.request.bytes': long(-1, { doc: 'Memory for requests being served; -1 leaves it to the broker.' }),
  'queued.max.requests': int(500, { min: 1 }),
  'request.timeout.ms': int(30_000, { doc: 'How long a decision about a transaction may take to become durable.' }),
  'socket.connection.setup.timeout.max.ms': long(30_000),
  'socket.connection.setup.timeout.ms': long(10_000),
  'socket.listen.backlog.size': int(50, { min: 1 }),
  'socket.receive.buffer.bytes': int(102_400),
  'socket.request.max.bytes': int(104_857_600, {
    min: 1,
    doc: 'Largest request frame; a connection that sends more is closed.',
  }),
  'socket.send.buffer.bytes': int(102_400),
}
