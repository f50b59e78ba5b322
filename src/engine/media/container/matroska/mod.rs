//! WebM and Matroska (RFC 9559 on RFC 8794), read and written by hand: the readers to be had stop at unknown sizes and lies
//! that a live recording or a broken disk bring about, and lose which frames of a BlockGroup are keyframes.
