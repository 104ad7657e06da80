// FindCoordinator (10): which broker coordinates a group, a transactional id or a share partition.

import { array, type Infer, int8, int16, int32, request, response, string, versions } from '../../schema.ts'

export const FindCoordinatorRequest = request('FindCoordinator', 10, versions(0, 6, { flexible: 3 }), {
  key: string({ until: 3 }),
  keyType: int8({ since: 1 }),
  coordinatorKeys: array(string(), { since: 4 }),
})
export type FindCoordinatorRequest = Infer<typeof FindCoordinatorRequest>

export const Coordinator = {
  key: string(),
  nodeId: int32(),
  host: string(),
  port: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true }),
}

export const FindCoordinatorResponse = response('FindCoordinator', 10, versions(0, 6, { flexible: 3 }), {
  throttleTimeMs: int32({ since: 1 }),
  errorCode: int16({ until: 3 }),
  errorMessage: string({ since: 1, until: 3, nullable: true }),
  nodeId: int32({ until: 3 }),
  host: string({ until: 3 }),
  port: int32({ until: 3 }),
  coordinators: array(Coordinator, { since: 4 }),
})
export type FindCoordinatorResponse = Infer<typeof FindCoordinatorResponse>
