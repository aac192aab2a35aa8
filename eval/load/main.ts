// The processes of a load test beside the server: what they do is said in the first message of the process that started
// them. Clocks of processes of one machine agree (CLOCK_MONOTONIC), so that times of one may be compared with another's.
import { runModel } from './model.ts'
import { runReaders } from './readers.ts'

const role = process.argv[2]
if (role === 'model') runModel()
if (role === 'readers') runReaders()
