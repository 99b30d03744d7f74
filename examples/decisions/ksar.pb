META
key;value
description;Budget of the village assembly of a made-up ksar, with a tie and a project nobody backs
country;Morocco
unit;Ksar Aït Tiwizi
instance;2026
num_projects;7
num_votes;20
budget;120000
vote_type;approval
rule;equalshares/add1
currency;MAD
PROJECTS
project_id;cost;name
seguia;60000;Repair of the seguia | إصلاح الساقية
school;45000;Shade for the school yard | ظل لساحة المدرسة
mill;30000;Shared olive mill | معصرة مشتركة للزيتون
library;15000;Travelling library | مكتبة متنقلة
drying;15000;Drying room for figs | غرفة لتجفيف التين
seeds;8000;Seed bank of the women's group | بنك بذور لمجموعة النساء
mast;90000;Radio mast | برج للإذاعة
VOTES
voter_id;vote
1;seguia,mill
2;seguia,mill
3;seguia,mill
4;seguia
5;seguia
6;seguia,school
7;seguia,school
8;seguia,mill
9;seguia
10;school,library
11;school,library
12;school
13;school,seeds
14;library,seeds
15;drying,seeds
16;drying,seeds
17;drying
18;library,drying
19;seeds
20;mill
