// How something stands, as a colour: the same in its row of a list, in its bar and in words.
export type Tone = 'quiet' | 'active' | 'good' | 'warning' | 'danger';
