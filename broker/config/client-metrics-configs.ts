// Kafka's client metrics subscriptions (KIP-714): kept and shown; no client is asked for metrics yet.

import { int, list } from './config-row.ts'

export const clientMetricsConfigs = {
  'interval.ms': int(300_000),
  match: list(''),
  metrics: list(''),
}
