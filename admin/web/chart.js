/*
 * chart: drawings, each with the same facts in words for those who do not see it.
 */
import { h, s, local, counted, common, days } from './dom.js';

/* ---- phones by trust state ---- */

export const statuses = ['Match', 'Mismatch', 'Not Installed', 'Unknown'];
export const classOf = (status) => `st-${status.toLowerCase().replace(/\W/g, '-')}`;

export function stacked(label, parts, href) {
	const sum = parts.reduce((n, p) => n + p.n, 0) || 1;
	let x = 0;

	return h('div.chart', {},
		s('svg', { viewBox: '0 0 1000 24', preserveAspectRatio: 'none', role: 'img', class: 'bar',
			'aria-label': `${label}: ${parts.map((p) => `${p.n} ${p.label}`).join(', ')}` },
		parts.map((p) => {
			const w = p.n / sum * 1000, rect = s(`rect.${p.kind}`, { x, y: 0, width: w, height: 24 }, s('title', {}, `${p.n} ${p.label}`));

			x += w;
			return rect;
		})),
		h('ul.key', parts.map((p) => h('li', h(`i.${p.kind}`, { 'aria-hidden': 'true' }),
			href ? h('a', { href: href(p) }, p.label) : p.label, ` ${p.n}`))));
}

/* How much of a limit is used. */
export const gauge = (label, n, most, unit) => h('div.chart', {},
	s('svg', { viewBox: '0 0 1000 12', preserveAspectRatio: 'none', class: 'bar thin', role: 'img', 'aria-label': `${label}: ${n} of ${most} ${unit}` },
		s('rect.rest', { x: 0, y: 0, width: 1000, height: 12 }),
		s(`rect.${n > most * 0.9 ? 'st-mismatch' : 'st-match'}`, { x: 0, y: 0, width: Math.min(1000, Math.max(2, n / most * 1000)), height: 12 })),
	h('span.dim', `${label}: ${n.toLocaleString('en')} of ${most.toLocaleString('en')} ${unit}`));

/* ---- when certificates end ---- */

/* A lane for each certificate; today, and the bands of the next 7, 30 and 90 days. */
export function expiries(certs) {
	const list = certs.slice().sort((a, b) => a.not_after.localeCompare(b.not_after)).slice(0, 40);
	const LANE = 20, LEFT = 270, WIDE = 690, TOP = 24;
	const far = Math.max(120, ...list.map((c) => days(c.not_after)));
	/* The next months take most of the room: what ends in ten years is not looked at tonight. */
	const at = (d) => LEFT + WIDE * Math.sqrt(Math.max(0, d) / far);
	const high = TOP + list.length * LANE + 4;
	const kind = (d) => d < 0 ? 'over' : d < 7 ? 'd7' : d < 30 ? 'd30' : d < 90 ? 'd90' : 'fine';

	return s('svg', { viewBox: `0 0 ${LEFT + WIDE + 90} ${high}`, class: 'timeline', role: 'group',
		'aria-label': `When certificates end: ${list.slice(0, 5).map((c) => `${c.path} in ${counted(days(c.not_after), 'day')}`).join(', ')}` },
	[[90, 'd90'], [30, 'd30'], [7, 'd7']].map(([d, k]) => s(`rect.band.${k}`, { x: at(0), y: TOP - 6, width: at(d) - at(0), height: high - TOP })),
	[0, 7, 30, 90, 365, 1825, 3650, 7300].filter((d) => d <= far).map((d) => [s(`line.${d === 0 ? 'today' : 'axis'}`, { x1: at(d), x2: at(d), y1: TOP - 6, y2: high }),
		s('text', { x: at(d), y: 12, 'text-anchor': d === 0 ? 'end' : 'middle' }, d === 0 ? 'today ' : d < 365 ? `${d} d` : `${Math.round(d / 365)} y`)]),
	list.map((c, i) => {
		const d = days(c.not_after), y = TOP + i * LANE;

		return s('a', { href: `#/certificates/${c.path.split('/').map(encodeURIComponent).join('/')}` },
			s('text', { x: LEFT - 8, y: y + 12, 'text-anchor': 'end' }, c.path.length > 40 ? `${c.path.slice(0, 39)}…` : c.path),
			s(`rect.lane.${kind(d)}`, { x: LEFT, y: y + 3, width: Math.max(3, at(d) - LEFT), height: LANE - 9 },
				s('title', {}, `${c.path}: ${common(c.subject)}, until ${local(c.not_after)}, ${d} days`)));
	}));
}

/* ---- a rehearsal, step by step ---- */

export const states = [['trusted_a', 'trusted, A'], ['trusted_b', 'trusted, B'], ['empty', 'empty ITL'], ['no_list', 'no list'], ['new', 'new'],
	['no_config', 'no configuration'], ['unreachable', 'unreachable'], ['locked', 'locked'], ['off', 'powered off']];

export function steps(title, list) {
	const drawn = list.filter((x, i) => i === 0 || x.booted || states.some(([k]) => x[k] !== list[i - 1][k]));
	const HIGH = 160, BAR = Math.max(14, Math.min(60, 700 / drawn.length)), LEFT = 44;
	const sum = Math.max(1, ...drawn.map((x) => states.reduce((n, [k]) => n + x[k], 0)));
	const wide = Math.max(500, LEFT + drawn.length * BAR + 10);
	const used = states.filter(([k]) => drawn.some((x) => x[k] > 0));

	return h('div.chart', {},
		s('svg', { viewBox: `0 0 ${wide} ${HIGH + 40}`, width: wide, role: 'img',
			'aria-label': `${title}: phones by state, step by step. ${drawn.map((x) => `Line ${x.line}: ${used.filter(([k]) => x[k] > 0).map(([k, w]) => `${x[k]} ${w}`).join(', ')}`).join('. ')}` },
		[0, 0.5, 1].map((f) => [s('line.axis', { x1: LEFT, x2: LEFT + drawn.length * BAR, y1: 10 + HIGH * (1 - f), y2: 10 + HIGH * (1 - f) }),
			s('text', { x: LEFT - 6, y: 14 + HIGH * (1 - f), 'text-anchor': 'end' }, Math.round(sum * f))]),
		drawn.map((x, i) => {
			let y = 10 + HIGH;

			return [used.map(([k, w]) => {
				const high = x[k] / sum * HIGH;

				y -= high;
				return high > 0 && s(`rect.ph-${k.replace('_', '-')}`, { x: LEFT + i * BAR + 1, y, width: BAR - 2, height: high },
					s('title', {}, `line ${x.line}, ${x.step}: ${x[k]} ${w}`));
			}), s('text', { x: LEFT + i * BAR + BAR / 2, y: HIGH + 24, 'text-anchor': 'middle' }, x.line)];
		}),
		s('text', { x: LEFT, y: HIGH + 38 }, 'line of the script, after it was done')),
		h('ul.key', used.map(([k, w]) => h('li', h(`i.ph-${k.replace('_', '-')}`, { 'aria-hidden': 'true' }), w))));
}
