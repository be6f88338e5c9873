// Teaching points from the way from noise to picture: where a sampler really goes, and the teacher's answer at every level it visits, so that
// every step of every trajectory is a point. The teacher's own way, whose passes are the answers, or that of a student to go on from, which
// errs: there it meets what it has to learn. Needs no pictures.
import type { DistillRequest } from '../contract/distillation.ts';
import { planSampling, reflects } from '../diffusion/samplers.ts';
import { flowMatchSigmas } from '../diffusion/schedule.ts';
import type { PointKind, PointsSetup } from './distillation-points.ts';
import { scaleAt } from './distillation-source.ts';
import { Pupil } from './distillation-pupil.ts';
import { guided, Teacher } from './distillation-teacher.ts';
import { TrainingRandom } from './random.ts';

/** Trajectories that go side by side. */
const rows = 16;

/** Spreads evenly over [0, 1) however many are taken. */
const goldenRatio = 0.618_033_988_75;

/**
 * The noise levels of one trajectory, N from 1 and a final 0. A reflecting strategy's are the schedule's. Euler's student is for any
 * schedule, so each trajectory's inner levels are moved by the same part of a step, at most half: together they meet every level.
 */
export function trajectoryLevels({ strategy, scheduleSteps: steps, seed }: Pick<DistillRequest, 'strategy' | 'scheduleSteps' | 'seed'>, shift: number, trajectory: number): Float32Array {
  if (strategy !== 'euler') return flowMatchSigmas(steps, shift);
  const moved = new TrainingRandom(seed, 6, trajectory).uniform() - 0.5;
  return Float32Array.from({ length: steps + 1 }, (_, i) => {
    if (i === 0 || i === steps) return i === 0 ? 1 : 0;
    const u = 1 - (i + moved) / steps;
    return (shift * u) / (1 + (shift - 1) * u);
  });
}

/** Point number `t·N + i` is level i of trajectory t; the last trajectory may be cut short. */
export function trajectories(setup: PointsSetup): PointKind {
  const { checkpoint, initFrom, request, source, text, session } = setup;
  const { strategy, scheduleSteps: steps, reflection, seed } = request;
  const { shift } = checkpoint.scheduler.config;
  const { in_channels: channels, sample_size: side } = checkpoint.transformer.config;
  const length = channels * side * side;
  const firstShare = new TrainingRandom(seed, 7).uniform();
  const shareOf = (trajectory: number): number => (firstShare + trajectory * goldenRatio) % 1;

  return {
    group: rows * steps,
    place: (index) => {
      const trajectory = Math.floor(index / steps);
      return { sigma: trajectoryLevels(request, shift, trajectory)[index % steps]!, share: shareOf(trajectory) };
    },
    open() {
      const teacher = new Teacher(checkpoint.transformer, text.empty, session);
      const pupil = request.pointsFrom === 'student' ? new Pupil(initFrom!.transformer, text.empty, session) : null;
      return {
        async make(start, count, pause) {
          const numbers = Array.from({ length: Math.ceil(count / steps) }, (_, row) => start / steps + row);
          const levels = numbers.map((trajectory) => trajectoryLevels(request, shift, trajectory));
          const scales = numbers.map((trajectory) => scaleAt(request, shareOf(trajectory)));
          const plans = scales.map((scale) => planSampling(strategy, scale, reflection));
          const embeddings = await text.encode(numbers.map((trajectory) => source.caption(trajectory % source.count)));
          const parts = Array.from({ length: 3 }, () => new Float32Array(count * length));
          let x = startingNoise(seed, numbers, length);
          for (let level = 0; level < Math.min(steps, count); level++) {
            pause();
            const answers: Float32Array[] = [];
            let velocity: Float32Array;
            if (strategy === 'euler') {
              const both = await teacher.branches(x, levels.map((own) => own[level]!), embeddings);
              answers.push(...both);
              velocity = guided(both, plans.map((plan) => plan.base));
            } else {
              const [schedule] = levels as [Float32Array];
              const step = { from: schedule[level]!, to: schedule[level + 1]!, reflects: reflects(plans[0]!, schedule, level) };
              const answer = await teacher.effective(x, step, embeddings, plans);
              velocity = answer.velocity;
              answers.push(velocity, answer.conditional);
            }
            [x, ...answers].forEach((values, part) => numbers.forEach((_, row) => {
              const at = row * steps + level;
              if (at < count) parts[part]!.set(values.subarray(row * length, (row + 1) * length), at * length);
            }));
            if (pupil !== null) velocity = await pupil.velocity(x, levels.map((own) => own[level]!), embeddings, scales);
            x = x.map((value, i) => {
              const own = levels[Math.floor(i / length)]!;
              return value + (own[level + 1]! - own[level]!) * velocity[i]!;
            });
          }
          return parts;
        },
        close: async () => {
          await Promise.allSettled([teacher.close(), pupil?.close()]);
        },
      };
    },
  };
}

function startingNoise(seed: number, trajectories: readonly number[], length: number): Float32Array {
  const noise = new Float32Array(trajectories.length * length);
  trajectories.forEach((trajectory, row) => noise.set(new TrainingRandom(seed, 8, trajectory).normals(length), row * length));
  return noise;
}
