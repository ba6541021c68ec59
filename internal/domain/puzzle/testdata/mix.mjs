// The work of the human check as JavaScript computes it: same values as Mix in work.go (mix.json).
// salt: four little-endian words of the 16 bytes; lane and n: unsigned 32 bits.
const W=1<<14,S=1<<12,buf=new Uint32Array(W),imul=Math.imul
export function mix(s,lane,n){let a=s[0]^n,b=s[1]^lane,c=s[2],d=s[3]^0x9e3779b9,t
 for(let i=0;i<12;i++){t=a+b+d|0;d=d+1|0;a=b^b>>>9;b=c+(c<<3)|0;c=(c<<21|c>>>11)+t|0}
 for(let i=0;i<W;i++){t=a+b+d|0;d=d+1|0;a=b^b>>>9;b=c+(c<<3)|0;c=(c<<21|c>>>11)+t|0;buf[i]=t}
 let x=a
 for(let i=0;i<S;i++){const j=(x^imul(i,0x9e3779b1))&(W-1),v=buf[j];x^=v;x=imul(x<<13|x>>>19,0x85ebca6b);buf[j]=v+x}
 x^=x>>>16;x=imul(x,0xc2b2ae35);return (x^x>>>13)>>>0}
