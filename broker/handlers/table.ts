// Every API that this broker serves, by family. ApiVersions, the dispatch and the documentation are derived from it: an API
// without a row is not advertised, and a request for it closes its connection.

import { apiVersions } from './cluster/api-versions.ts'
import { deleteRecords } from './data/delete-records.ts'
import { fetch } from './data/fetch.ts'
import { listOffsets } from './data/list-offsets.ts'
import { offsetForLeaderEpoch } from './data/offset-for-leader-epoch.ts'
import { produce } from './data/produce.ts'
import type { HandlerRow } from './handler.ts'
import { describeLogDirs } from './replicas/describe-log-dirs.ts'
import { describeProducers } from './replicas/describe-producers.ts'
import { initProducerId } from './transactions/init-producer-id.ts'

export const handlers: readonly HandlerRow[] = [
  // cluster
  apiVersions,
  // data
  produce,
  fetch,
  listOffsets,
  offsetForLeaderEpoch,
  deleteRecords,
  // groups
  // topics
  // configs
  // replicas
  describeLogDirs,
  describeProducers,
  // transactions
  initProducerId,
]
