// Checked by the compiler alone: both ends of the loopback transport have the contract's calls and events, no more and no fewer.
import type { CallName, EventName, StudioClient } from '../contract/contract.ts';
import type { Studio } from '../studio.ts';
import type { RemoteStudio } from './attach.ts';
import type { StudioHost } from './host.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_ extends true>(): void => undefined;

type NameOf<Call> = Call extends (name: infer N, ...rest: never[]) => unknown ? N : never;

holds<Equal<NameOf<RemoteStudio['call']>, CallName>>();
holds<Equal<NameOf<RemoteStudio['on']>, EventName>>();
holds<RemoteStudio extends StudioClient ? true : false>();
// What main/studio.ts opens can be served, and takes every call and event of the contract.
holds<Studio extends StudioHost ? true : false>();
